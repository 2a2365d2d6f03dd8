/** A point of a plot, with the label that it wants. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  /** `null`: the point is to be kept clear, and has no label. */
  readonly label: string | null;
  readonly colour: string;
}

/** Where a label goes: its middle. */
export interface PlacedLabel {
  readonly spot: Spot;
  readonly x: number;
  readonly y: number;
}

interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Room of a label of two digits, pixels. */
const label = { width: 14, height: 11 } as const;
/** Room of a point. */
const point = { width: 8, height: 8 } as const;

/** Places around a point, nearest first. */
const places = [13, 20, 28, 37, 47, 58, 70].flatMap((distance) =>
  Array.from({ length: 16 }, (_, sixteenth) => {
    const angle = (sixteenth / 16) * 2 * Math.PI - Math.PI / 4;
    return { x: Math.cos(angle) * distance, y: Math.sin(angle) * distance };
  }),
);

/** Puts every label where it covers neither a point nor another label; where there is no such place, upon its point. */
export function placeLabels(spots: readonly Spot[], bounds: Bounds): readonly PlacedLabel[] {
  const taken: Box[] = spots.map(({ x, y }) => ({ x, y, ...point }));
  return spots
    .filter((spot) => spot.label !== null)
    .map((spot) => {
      const place = places
        .map(({ x, y }) => ({ x: spot.x + x, y: spot.y + y, ...label }))
        .find((box) => isWithin(box, bounds) && !taken.some((other) => overlaps(box, other)));
      const { x, y } = place ?? spot;
      taken.push({ x, y, ...label });
      return { spot, x, y };
    });
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function isWithin({ x, y, width, height }: Box, { left, right, top, bottom }: Bounds): boolean {
  return (
    x - width / 2 >= left &&
    x + width / 2 <= right &&
    y - height / 2 >= top &&
    y + height / 2 <= bottom
  );
}

function overlaps(one: Box, other: Box): boolean {
  return (
    Math.abs(one.x - other.x) < (one.width + other.width) / 2 &&
    Math.abs(one.y - other.y) < (one.height + other.height) / 2
  );
}
