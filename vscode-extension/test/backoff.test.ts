import assert from "node:assert/strict";
import { test } from "node:test";
import { CrashPolicy, FIRST_DELAY_MS, LONGEST_DELAY_MS, MOST_CRASHES, WINDOW_MS } from "../src/server/backoff";

test("waits double, and there is an end", () => {
  const policy = new CrashPolicy(() => 0);
  const waits = Array.from({ length: MOST_CRASHES + 1 }, () => policy.crashed());
  assert.deepEqual(waits.slice(0, 3), [FIRST_DELAY_MS, 2 * FIRST_DELAY_MS, 4 * FIRST_DELAY_MS]);
  assert.ok(waits.slice(0, -1).every((wait) => wait !== undefined && wait <= LONGEST_DELAY_MS));
  assert.equal(waits.at(-1), undefined);
});

test("a server that crashes once a day is always started again", () => {
  let now = 0;
  const policy = new CrashPolicy(() => now);
  for (let day = 0; day < 20; day++) {
    assert.equal(policy.crashed(), FIRST_DELAY_MS);
    now += WINDOW_MS;
  }
});

test("a start by hand counts from the beginning", () => {
  const policy = new CrashPolicy(() => 0);
  for (let i = 0; i <= MOST_CRASHES; i++) policy.crashed();
  policy.forget();
  assert.equal(policy.crashed(), FIRST_DELAY_MS);
});
