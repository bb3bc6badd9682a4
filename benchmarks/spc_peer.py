"""Run by the interpreter that has shewhart: charts of the values that come, as JSON.

Reads from its input a list of {kind, values, sizes, subgroup_size}; writes a list of {stats, table,
signals}.
"""

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
import shewhart

ATTRIBUTES = {
    "p": (shewhart.p_chart, "defectives"),
    "np": (shewhart.np_chart, "defectives"),
    "u": (shewhart.u_chart, "defects"),
    "c": (shewhart.c_chart, "defects"),
}


def charted(question: dict[str, Any]) -> dict[str, Any]:
    """Return what shewhart makes of one series."""
    kind, values = question["kind"], question["values"]
    if kind in ATTRIBUTES:
        chart, name = ATTRIBUTES[kind]
        frame = pd.DataFrame({name: values, "size": question["sizes"]})
        size = {} if kind == "c" else {"size": "size"}
        found = chart(frame, **{name: name}, **size)
    elif kind in ("xbar_r", "xbar_s"):
        n = question["subgroup_size"]
        frame = pd.DataFrame({"v": values, "g": np.repeat(range(len(values) // n), n)})
        found = getattr(shewhart, kind)(frame, value="v", subgroup="g")
    else:
        frame = pd.DataFrame({"v": values})
        more = {"h": 5.0} if kind == "cusum" else {}
        found = {"i_mr": shewhart.imr, "ewma": shewhart.ewma, "cusum": shewhart.cusum}[kind](
            frame, value="v", **more
        )
    table = {
        name: [None if pd.isna(one) else float(one) for one in column]
        for name, column in found.table.select_dtypes("number").items()
    }
    signals = [[one.rule, one.chart, list(one.points)] for one in found.signals]
    return {"stats": dict(found.stats), "table": table, "signals": signals}


print(json.dumps([charted(question) for question in json.load(sys.stdin)]))
