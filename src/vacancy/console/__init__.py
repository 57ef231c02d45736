"""The console: pages for people, over the services that the API is over too (docs/console.md)."""
