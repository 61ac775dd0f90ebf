// Starts the worker's program. A failure is thrown outside of the promise, so that the page hears
// of it as the worker's error event.
import init from "./worker.js";

init({ module_or_path: new URL("./worker_bg.wasm", import.meta.url) }).catch((error) => {
  setTimeout(() => {
    throw error;
  });
});
