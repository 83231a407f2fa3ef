"""The query doctor: what an operation cost, statement by statement, for those who may know.

`extensions.doctor` of a request enters, `extensions.doctor` of its answer leaves. The statements are those that the
session has sent, noted as they went; plans are asked for when the answer is made. Who may ask is decided here, and who
is an admin is the domain's to say. Why: docs/decisions/0027-the-query-doctor.md.
"""

from graph.doctor.access import access_to_doctor
from graph.doctor.examination import Examination
from graph.doctor.request import DoctorRequest

__all__ = ["DoctorRequest", "Examination", "access_to_doctor"]
