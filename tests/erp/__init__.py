"""The ERP's rows on their way into the warehouse."""
