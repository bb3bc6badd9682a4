"""Run by the interpreter that has impedance.py: fits and Kramers-Kronig tests, timed there.

Reads JSON from its input: a list of questions; writes a list of answers.
"""

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
from impedance.models.circuits import CustomCircuit
from impedance.validation import linKK
from numpy.typing import NDArray

Numbers = NDArray[np.complex128]

warnings.simplefilter("ignore")
np.set_printoptions(legacy="1.25")  # else its linKK, which evaluates printed numbers, fails


def fitted(question: dict[str, Any]) -> dict[str, Any]:
    """Return parameters and milliseconds of one fit from one start."""
    frequency, z = np.array(question["frequency_hz"]), _z(question)
    circuit = CustomCircuit(question["circuit"], initial_guess=question["guess"])
    begun = time.process_time()
    try:
        circuit.fit(frequency, z, weight_by_modulus=True)
    except (RuntimeError, ValueError) as error:
        return {"ms": 1e3 * (time.process_time() - begun), "parameters": None, "why": str(error)}
    return {
        "ms": 1e3 * (time.process_time() - begun),
        "parameters": [float(value) for value in circuit.parameters_],
        "chi2": _chi2(circuit.predict(frequency), z),
    }


def tested(question: dict[str, Any]) -> dict[str, Any]:
    """Return order, mu and milliseconds of a Kramers-Kronig test."""
    frequency, z = np.array(question["frequency_hz"]), _z(question)
    begun = time.process_time()
    order, mu, *_ = linKK(frequency, z, c=0.85, max_M=50, fit_type="complex", add_cap=False)
    return {"ms": 1e3 * (time.process_time() - begun), "order": int(order), "mu": float(mu)}


def _z(question: dict[str, Any]) -> Numbers:
    return np.array(question["real_ohm"]) + 1j * np.array(question["imag_ohm"])


def _chi2(model: Numbers, z: Numbers) -> float:
    return float((np.abs(model - z) ** 2 / np.abs(z) ** 2).sum())


ACTS = {"fit": fitted, "kk": tested}
answers = [ACTS[item["act"]](item) for item in json.load(sys.stdin)]
print()  # linKK prints as it goes; the last line is the answer
json.dump(answers, sys.stdout)
