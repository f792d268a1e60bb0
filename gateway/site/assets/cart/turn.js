// Changes of the cart go out one after another, so that no answer is older than what is shown already.

let last = Promise.resolve();
let waiting = 0;
let tell = () => {};

/** Runs a job when all earlier ones are done; gives what it gives. */
export function inTurn(job) {
  waiting += 1;
  tell(true);
  const run = last.then(job);
  last = run.catch(() => {}).then(() => {
    waiting -= 1;
    if (!waiting) tell(false);
  });
  return run;
}

/** Whether a job is waiting or running. */
export const isUnderWay = () => waiting > 0;

/** Waits until no job is left. */
export async function allDone() {
  while (waiting) await last;
}

/** Has told called with true while jobs are under way, with false when the last is done. */
export function onTurn(told) {
  tell = told;
}
