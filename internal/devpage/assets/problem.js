"use strict";
// Loads the page again when a build is complete that does not end with the same
// problem. The page of a request that may have changed something is not loaded
// again: it has no data-builds.
const hint = document.getElementById("hint");
const advice = hint.textContent;
let builds = Number(document.body.dataset.builds); // complete ones, when the page was made
let shown = ""; // the problem of the last build
const events = new EventSource("/.fngen/events");
events.addEventListener("state", (event) => {
  const state = JSON.parse(event.data);
  if (state.status === "building" || state.status === "starting") {
    hint.textContent = "Building …";
    return;
  }
  const problem = JSON.stringify(state.problem) || "";
  if (state.build > builds && (!problem || problem !== shown)) {
    events.close();
    location.reload();
    return;
  }
  [builds, shown] = [state.build, problem];
  hint.textContent = advice;
});
