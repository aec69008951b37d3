"""Many photos: one machine or a Dask cluster."""
