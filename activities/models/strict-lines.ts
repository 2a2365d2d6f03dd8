/**
 * Makes a stream of JSON lines fail at the first line that is none. Ollama's package only writes such lines to the
 * console, content and all, and goes on as if they had not been there.
 *
 * @param response - an answer; one that is not a stream of lines is given back as it is
 */
export function withStrictLines(response: Response): Response {
  if (!response.ok || response.body === null) return response;
  const decoder = new TextDecoder();
  let rest = '';
  const checked = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        if (lines.every(isJsonOrBlank)) controller.enqueue(chunk);
        else controller.error(new SyntaxError('a line that is no JSON'));
      },
    }),
  );
  return new Response(checked, { status: response.status, headers: response.headers });
}

function isJsonOrBlank(line: string): boolean {
  if (line.trim() === '') return true;
  try {
    JSON.parse(line);
    return true;
  } catch {
    // Being no JSON is the finding.
    return false;
  }
}
