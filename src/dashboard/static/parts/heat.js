// The five steps of colour of a grid.

export const STEPS = 5;

/** The step of a value: 0 for none, 5 for the largest. */
export const stepOf = (value, largest) => (value > 0 ? Math.min(STEPS, Math.ceil((value * STEPS) / largest)) : 0);
