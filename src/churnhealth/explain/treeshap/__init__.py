"""Exact path-dependent Shapley values of LightGBM trees, at about the price of a prediction.

The values are those of ``booster.predict(X, pred_contrib=True)``. How they are found is told in
`layout`: one sweep up and one sweep down each tree, at a few quadrature points.
"""

from churnhealth.explain.treeshap.explainer import TreeExplainer, tree_contributions
from churnhealth.explain.treeshap.kernel_llvm import warm_up
from churnhealth.explain.treeshap.reader import read_ensemble
from churnhealth.explain.treeshap.trees import Tree, TreeEnsemble

__all__ = ["Tree", "TreeEnsemble", "TreeExplainer", "read_ensemble", "tree_contributions", "warm_up"]
