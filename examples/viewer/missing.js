// The page without its package, or with one that does not start.

import { enter } from './state.js';
import { tellProblem } from './problem.js';

/** Says that the package is missing. */
export function tellMissing(error) {
  tellProblem({ code: 'no_package', message: error.message });
  enter('error');
}
