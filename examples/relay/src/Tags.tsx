import { graphql, usePaginationFragment } from "react-relay";

import type { Tags_post$key } from "./__generated__/Tags_post.graphql";
import type { TagsPageQuery } from "./__generated__/TagsPageQuery.graphql";

/** The tags of one post. Further ones are found by the post's `id` alone: relay-compiler asks `node(id: …)`. */
export function Tags({ of }: { of: Tags_post$key }) {
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment<TagsPageQuery, Tags_post$key>(
    graphql`
      fragment Tags_post on Post
      @argumentDefinitions(count: { type: "Int", defaultValue: 1 }, cursor: { type: "String" })
      @refetchable(queryName: "TagsPageQuery") {
        tags(first: $count, after: $cursor) @connection(key: "Tags_tags") {
          edges {
            node {
              id
              name
            }
          }
        }
      }
    `,
    of,
  );
  return (
    <ul aria-label="Tags">
      {data.tags.edges.map(({ node }) => (
        <li key={node.id}>{node.name}</li>
      ))}
      {hasNext && (
        <button disabled={isLoadingNext} onClick={() => loadNext(10)}>
          More tags
        </button>
      )}
    </ul>
  );
}
