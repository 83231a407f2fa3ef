"""Why a statement takes what it takes: the database's own plan, and the index that is missing.

Statements that were sent enter, with their values; explanations leave. Nothing is changed: plans are asked for in
read-only transactions that are undone. Why: docs/decisions/0027-the-query-doctor.md.
"""

from db.diagnosis.explaining import Diagnosis, Explanation
from db.diagnosis.hints import Hint

__all__ = ["Diagnosis", "Explanation", "Hint"]
