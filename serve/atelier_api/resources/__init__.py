"""One folder per resource: endpoints translate, repositories query, schemas describe."""
