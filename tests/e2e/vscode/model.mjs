// A scripted OpenAI-compatible server on loopback: streams text slowly, calls tools, records requests.
import http from "node:http";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Model {
  requests = [];
  /** When the first piece of the last text left, in milliseconds since 1970. */
  firstPiece = 0;
  script = [];
  closed = 0;

  static async start() {
    const model = new Model();
    model.server = http.createServer((request, response) => {
      let body = "";
      request.on("data", (data) => (body += data));
      request.on("end", () => void model.#answer(JSON.parse(body), response));
    });
    await new Promise((resolve) => model.server.listen(0, "127.0.0.1", resolve));
    model.url = `http://127.0.0.1:${model.server.address().port}/v1`;
    return model;
  }

  /** What is answered next, in order: `{text, pause}` or `{calls: [[tool, arguments]]}`; `wait`: milliseconds before it. */
  next(...replies) {
    this.script.push(...replies);
  }

  async #answer(request, response) {
    this.requests.push(request);
    // Calls wait for a request that offers the tool: before it the task may ask for a plan or a review.
    const offered = new Set((request.tools ?? []).map((each) => each.function?.name));
    const next = this.script[0];
    const fits = !next?.calls || next.calls.every(([name]) => offered.has(name));
    const reply = (fits ? this.script.shift() : undefined) ?? { text: "I have nothing more to say." };
    let open = true;
    response.on("close", () => {
      open = false;
      if (!response.writableFinished) this.closed++;
    });
    if (reply.wait) await sleep(reply.wait);
    const head = { id: "x", object: "chat.completion.chunk", model: "scripted", created: 0 };
    const calls = (reply.calls ?? []).map(([name, args], index) => ({ index, id: `call_${index}_${this.requests.length}`, type: "function", function: { name, arguments: JSON.stringify(args) } }));
    if (!request.stream) {
      response.setHeader("content-type", "application/json");
      const message = { role: "assistant", content: reply.text ?? null, ...(calls.length ? { tool_calls: calls } : {}) };
      response.end(JSON.stringify({ ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: calls.length ? "tool_calls" : "stop" }], usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 } }));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (delta, finish = null) => response.write(`data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
    if (calls.length) send({ role: "assistant", tool_calls: calls });
    this.firstPiece = Date.now();
    for (const piece of (reply.text ?? "").match(/[\s\S]{1,12}/g) ?? []) {
      if (!open) return;
      send({ content: piece });
      if (reply.pause) await sleep(reply.pause);
    }
    send({}, calls.length ? "tool_calls" : "stop");
    response.write(`data: ${JSON.stringify({ ...head, choices: [], usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 } })}\n\n`);
    response.end("data: [DONE]\n\n");
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }
}
