/** Which documents concern us, before the server that really knows is started. Free of `vscode`. */

/** Whether a Python file names the exercise that it is for, in its first line. */
export function isSubmission(firstLine: string): boolean {
  return /^\ufeff?\s*#\s*blankcheck\s*:\s*\S.*#\s*\S/.test(firstLine);
}

const TYPE = /^(?:---[ \t]+)?type[ \t]*:[ \t]*\w*(?:Exercise|Exericse|Challenge)/m;
const CODE = /^(?:`@|\*{3}[ \t]*=[ \t]*)(?:pre_exercise_code|sample_code|solution|sct)\b/m;

/** Whether a Markdown file is a chapter, by an exercise in its first pages. */
export function isChapter(text: string): boolean {
  const pages = text.slice(0, 2 ** 18);
  return TYPE.test(pages) || CODE.test(pages);
}
