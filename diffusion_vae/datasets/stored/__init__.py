"""Pictures that stay in their files until they are indexed."""
