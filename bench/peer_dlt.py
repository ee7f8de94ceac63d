"""dlt: the table into a DuckDB file, merged by key, incrementally. Runs in an environment of its own."""

import os
import sys

import dlt
from dlt.sources.sql_database import sql_table

backend, address, place = sys.argv[1:]
more = {"backend_kwargs": {"conn": address}} if backend == "connectorx" else {}
table = sql_table(
    credentials=address.replace("postgresql:", "postgresql+psycopg2:"),
    table="documents",
    backend=backend,
    primary_key="id",
    incremental=dlt.sources.incremental("updated_at"),
    **more,
)
target = dlt.destinations.duckdb(os.path.join(place, "out.duckdb"))
pipeline = dlt.pipeline("bench", destination=target, dataset_name="bench", pipelines_dir=place)
pipeline.run(table, write_disposition="merge")
