/** TreeEnsembleRegressor of ai.onnx.ml 1: the sum of the leaves that a row falls into, one of each tree. */

import type { Attribute } from './graph';
import { Unsupported, type Value } from './tensor';

type Attributes = ReadonlyMap<string, Attribute>;

const LEAF = -1;

interface Trees {
  /** By node: the place of the feature that it asks for, LEAF where there is none. */
  readonly features: Int32Array;
  readonly thresholds: Float32Array;
  /** Where to go when the feature is at most the threshold, and where when it is above. */
  readonly yes: Int32Array;
  readonly no: Int32Array;
  readonly leaves: Float64Array;
  readonly roots: readonly number[];
  readonly base: number;
}

function read(attributes: Attributes): Trees {
  const ints = (name: string): readonly number[] => attributes.get(name)?.ints ?? [];
  const modes = attributes.get('nodes_modes')?.strings ?? [];
  if (modes.some((mode) => mode !== 'BRANCH_LEQ' && mode !== 'LEAF')) throw new Unsupported('trees that branch otherwise than by ≤');
  if (!['', 'NONE'].includes(attributes.get('post_transform')?.text ?? '')) throw new Unsupported('trees with a transform after');
  if (!['', 'SUM'].includes(attributes.get('aggregate_function')?.text ?? '')) throw new Unsupported('trees that are not summed');
  if ((attributes.get('n_targets')?.i ?? 1) !== 1 || ints('target_ids').some((id) => id !== 0)) throw new Unsupported('trees of several targets');
  const key = (tree: number, node: number): string => `${tree}/${node}`;
  const trees = ints('nodes_treeids');
  const places = new Map(ints('nodes_nodeids').map((node, i) => [key(trees[i]!, node), i]));
  const placeOf = (tree: number, node: number): number => {
    const place = places.get(key(tree, node));
    if (place === undefined) throw new RangeError(`tree ${tree} has no node ${node}`);
    return place;
  };
  const branches = modes.map((mode) => mode !== 'LEAF');
  const follow = (name: string): Int32Array => (
    Int32Array.from(ints(name), (node, i) => (branches[i] ? placeOf(trees[i]!, node) : LEAF))
  );
  const leaves = new Float64Array(modes.length);
  const weights = attributes.get('target_weights')?.floats ?? [];
  const ofTree = ints('target_treeids');
  ints('target_nodeids').forEach((node, i) => {
    leaves[placeOf(ofTree[i]!, node)]! += weights[i]!;
  });
  return {
    features: Int32Array.from(ints('nodes_featureids'), (feature, i) => (branches[i] ? feature : LEAF)),
    thresholds: Float32Array.from(attributes.get('nodes_values')?.floats ?? []),
    yes: follow('nodes_truenodeids'),
    no: follow('nodes_falsenodeids'),
    leaves,
    // A tree's first node is its root.
    roots: [...new Set(trees)].map((tree) => trees.indexOf(tree)),
    base: attributes.get('base_values')?.floats[0] ?? 0,
  };
}

/** Sums in doubles: exact for whole leaves, which the contract asks for, so that no order of adding differs from another. */
export function treeEnsemble(attributes: Attributes): (inputs: readonly Value[]) => Value {
  const { features, thresholds, yes, no, leaves, roots, base } = read(attributes);
  return ([value]) => {
    const [rows, width] = value!.dims as [number, number];
    const { data } = value!;
    const result = new Float32Array(rows);
    for (let row = 0; row < rows; row += 1) {
      let sum = base;
      for (const root of roots) {
        let node = root;
        while (features[node] !== LEAF) {
          node = data[row * width + features[node]!]! <= thresholds[node]! ? yes[node]! : no[node]!;
        }
        sum += leaves[node]!;
      }
      result[row] = sum;
    }
    return { data: result, dims: [rows, 1] };
  };
}
