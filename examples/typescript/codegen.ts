import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: ["src/**/*.{ts,tsx}", "test/**/*.{ts,tsx}", "!src/gql/**"],
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: { unmaskFunctionName: "getFragmentData" } },
      config: {
        useTypeImports: true,
        strictScalars: true,
        // As JSON carries them. A Decimal stays text: a number of JavaScript would round it. Files go beside the JSON.
        scalars: { BigInt: "string", DateTime: "string", Decimal: "string", JSON: "unknown", Upload: "File" },
      },
    },
    // Apollo's cache must know which types a fragment on an interface means.
    "src/gql/possible-types.ts": { plugins: ["fragment-matcher"], config: { useExplicitTyping: true } },
  },
};

export default config;
