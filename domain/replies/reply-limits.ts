/** Longest texts that are kept of a reply, characters; what is longer is cut with a mark. */
export const rationaleCharactersMax = 4000;
export const evidenceCharactersMax = 600;
export const critiqueCharactersMax = 1500;
export const contradictionCharactersMax = 1500;

/** Most entries that are kept of a reply's lists; what comes after them is dropped. */
export const evidenceMax = 8;
export const critiquesMax = 16;
export const contradictionsMax = 16;
export const nominationsMax = 5;

/** Longest answers. A longer one is a fault, since cutting could turn its meaning round. */
export const answerCharactersMax = 8000;
export const nominationCharactersMax = 200;
export const synthesisCharactersMax = 60_000;
