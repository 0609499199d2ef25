# SPDX-License-Identifier: MIT
"""Reads an OTLP metrics request in JSON from standard input, strictly by the published schema, and prints
what it holds, a data point a line. Usage: check_otlp.py FOLDER_OF_PROTOS FOLDER_FOR_GENERATED_CODE"""
import os
import subprocess
import sys

protos, generated = sys.argv[1:3]
files = [f"opentelemetry/proto/{name}.proto" for name in (
    "common/v1/common", "resource/v1/resource", "metrics/v1/metrics",
    "collector/metrics/v1/metrics_service")]
subprocess.run(["protoc", "-I", protos, "--python_out", generated] + files, check=True)
sys.path.insert(0, generated)

from google.protobuf import json_format  # noqa: E402
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2  # noqa: E402

request = metrics_service_pb2.ExportMetricsServiceRequest()
json_format.Parse(sys.stdin.read(), request)  # unknown members and wrong types are errors


def words(attributes):
    return ",".join(f"{a.key}={a.value.string_value}" for a in attributes)


for resource in request.resource_metrics:
    print("resource", words(resource.resource.attributes))
    for scope in resource.scope_metrics:
        print("scope", scope.scope.name)
        for metric in scope.metrics:
            kind = metric.WhichOneof("data")
            data = getattr(metric, kind)
            if kind != "gauge" and data.aggregation_temporality != 2:
                sys.exit(f"{metric.name}: not cumulative")
            if kind == "sum" and not data.is_monotonic:
                sys.exit(f"{metric.name}: not monotonic")
            for point in data.data_points:
                if kind != "gauge" and not 0 < point.start_time_unix_nano <= point.time_unix_nano:
                    sys.exit(f"{metric.name}: times")
                if kind == "histogram":
                    if len(point.bucket_counts) != len(point.explicit_bounds) + 1:
                        sys.exit(f"{metric.name}: buckets")
                    if sum(point.bucket_counts) != point.count:
                        sys.exit(f"{metric.name}: count")
                    value = f"count={point.count} sum={point.sum:g}"
                else:
                    which = point.WhichOneof("value")
                    value = f"{which}={getattr(point, which):g}"
                print(kind, metric.name, metric.unit or "-", words(point.attributes), value)
