import { Suspense, useState } from "react";
import { graphql, RelayEnvironmentProvider, useLazyLoadQuery } from "react-relay";

import type { AppQuery } from "./__generated__/AppQuery.graphql";
import { createEnvironment } from "./environment";
import { Failure } from "./Failure";
import { Posts } from "./Posts";
import { SignIn, SignOut } from "./SignIn";

export function App() {
  const [environment, setEnvironment] = useState(createEnvironment);
  return (
    <RelayEnvironmentProvider environment={environment}>
      <Failure>
        <Suspense fallback={<p>Loading …</p>}>
          <Page onOther={() => setEnvironment(createEnvironment())} />
        </Suspense>
      </Failure>
    </RelayEnvironmentProvider>
  );
}

/** `onOther` is called when the visitor has become somebody else. */
function Page({ onOther }: { onOther: () => void }) {
  const data = useLazyLoadQuery<AppQuery>(
    graphql`
      query AppQuery {
        viewer {
          id
          name
        }
        ...Posts_query
      }
    `,
    {},
  );
  const { viewer } = data;
  return (
    <>
      <header>
        <h1>The garden club, on Relay</h1>
        {viewer ? <SignOut name={viewer.name} onDone={onOther} /> : <SignIn onDone={onOther} />}
      </header>
      <main>
        <Posts of={data} viewerId={viewer?.id} />
      </main>
    </>
  );
}
