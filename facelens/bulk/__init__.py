"""Many photos, on one machine or a Dask cluster."""
