/** What a question is about, as far as models are better at one than at another. */
export const questionKinds = ['factual', 'design', 'security', 'planning', 'other'] as const;
export type QuestionKind = (typeof questionKinds)[number];

/** Kind of a question whose request names none, and of every run that was planned before kinds were known. */
export const questionKindDefault: QuestionKind = 'other';
