"use strict";
// Loads the page again when the next build is complete. The page of a request
// that may have changed something is not loaded again: it has no data-builds.
const builds = Number(document.body.dataset.builds);
const events = new EventSource("/.fngen/events");
events.addEventListener("state", (event) => {
  const state = JSON.parse(event.data);
  if (state.build > builds && (state.status === "ready" || state.status === "failed")) {
    events.close();
    location.reload();
    return;
  }
  if (state.status === "building" || state.status === "starting") {
    document.getElementById("hint").textContent = "Building …";
  }
});
