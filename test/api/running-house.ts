import { createHouse } from './fake-house.ts';
import type { House } from './fake-house.ts';

/** A house in which tenant `a` has started one debate. */
export async function createRunningHouse(): Promise<{ house: House; id: string; path: string }> {
  const house = createHouse();
  const response = await house.post('/v1/collaborations', {
    pattern: 'debate',
    question: 'Tabs or spaces?',
    options: ['tabs', 'spaces'],
  });
  const { id } = (await response.json()) as { id: string };
  return { house, id, path: `/v1/collaborations/${id}` };
}
