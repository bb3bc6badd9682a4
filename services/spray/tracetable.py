"""Owns traces as rows that analysts read: one at each sample of each face, in one Parquet file."""

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from services.spray.tracestore import FaceKey
from shared.traces import Trace

MEDIA_TYPE = "application/vnd.apache.parquet"
LEVEL = 3  # of zstd


def parquet(traces: Sequence[tuple[FaceKey, Trace]]) -> bytes:
    """Return traces as a Parquet file of lot_id, face, at (UTC), time_s and one column a signal.

    A signal is in the unit of its name; it is null in the rows of a face that has no such signal.
    """
    tables = [_table(key, trace) for key, trace in traces]
    file = io.BytesIO()
    joined = pa.concat_tables(tables, promote_options="default")
    pq.write_table(joined, file, compression="zstd", compression_level=LEVEL)
    return file.getvalue()


def _table(key: FaceKey, trace: Trace) -> pa.Table:
    count = trace.counts.shape[1]
    time_s = np.arange(count) * trace.interval_s
    began_us = int(trace.started_at.timestamp() * 1e6)
    at_us = began_us + np.round(time_s * 1e6).astype(np.int64)
    columns = {
        "lot_id": pa.array([key[0]] * count).dictionary_encode(),
        "face": pa.array([key[1]] * count).dictionary_encode(),
        "at": pa.array(at_us, pa.timestamp("us", tz="UTC")),
        "time_s": pa.array(time_s),
    }
    for index, signal in enumerate(trace.signals):
        shown = trace.counts[index] * trace.scale[index] + trace.offset[index]
        columns[signal] = pa.array(shown, pa.float64())
    return pa.table(columns)
