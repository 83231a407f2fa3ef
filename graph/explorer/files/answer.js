/* Below the answer: how long it took, how large it was, and what the doctor counted. */
(() => {
  "use strict";
  const h = React.createElement;

  Trellis.milliseconds = (ms) =>
    ms < 10 ? `${ms.toFixed(2)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
  const size = (bytes) =>
    bytes < 1024
      ? `${bytes} B`
      : bytes < 1024 ** 2
        ? `${(bytes / 1024).toFixed(1)} KiB`
        : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  Trellis.counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

  Trellis.Measured = () => {
    const answer = Trellis.useStore(Trellis.answer);
    if (!answer) return h("p", { className: "trellis-measured" }, "Run an operation with Ctrl-Enter.");
    const statements = answer.doctor?.totals?.statements;
    return h(
      "p",
      { className: "trellis-measured", role: "status" },
      h("span", { title: "From the request to the last byte of the answer" }, Trellis.milliseconds(answer.ms)),
      h("span", { title: "The answer's JSON, before compression" }, size(answer.bytes)),
      h("span", { title: "The status of HTTP" }, answer.status === null ? "no answer" : `HTTP ${answer.status}`),
      statements === undefined
        ? null
        : h("span", { title: "As the doctor counted" }, Trellis.counted(statements, "statement")),
    );
  };
})();
