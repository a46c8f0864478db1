"""Why a decision was taken, now and in the past."""
