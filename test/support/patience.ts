import { jest } from '@jest/globals';

// Whole collaborations run here, on a machine that may be busy with others: a test that hangs is found out all the same.
jest.setTimeout(90_000);
