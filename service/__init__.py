"""The HTTP service: FastAPI over a micro-batcher over polyparse's parser. asyncio lives here, models do not."""
