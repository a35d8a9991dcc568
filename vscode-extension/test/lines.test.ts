import assert from "node:assert/strict";
import { test } from "node:test";
import { levelOf } from "../src/server/lines";

const record = (level: string): string => `2026-11-26 10:47:34,761 | ${level.padEnd(8)} | proposal 61: accepted`;

test("records of a running server are shown by the protocol already", () => {
  for (const level of ["DEBUG", "INFO", "WARNING", "ERROR"]) assert.equal(levelOf(record(level), true), "debug");
  assert.equal(levelOf('{"time": 1790000000.123, "level": "error", "message": "x"}', true), "debug");
});

test("before it runs nobody else tells what went wrong", () => {
  assert.equal(levelOf(record("INFO"), false), "debug");
  assert.equal(levelOf(record("WARNING"), false), "warn");
  assert.equal(levelOf(record("CRITICAL"), false), "error");
  assert.equal(levelOf('{"time": 1790000000.123, "level": "error", "message": "x"}', false), "error");
});

test("what is no record is an error, whenever it comes", () => {
  for (const line of ["Traceback (most recent call last):", "MemoryError", "2026 was | INFO | a good year"])
    for (const isRunning of [true, false]) assert.equal(levelOf(line, isRunning), "error");
});
