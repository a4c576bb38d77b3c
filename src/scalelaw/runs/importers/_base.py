"""The contract of importers: recognise a path or address, and read it into raw columns."""

from typing import Protocol, runtime_checkable

from scalelaw.runs.raw import RawTable


@runtime_checkable
class Importer(Protocol):
    """Reads one format; ``scalelaw.testing.importer_checks`` tests an importer.

    The table is long, one row per evaluation, in the order of the log. Columns have conventional names where the
    format defines their meaning, else their own name:

    - of a row: ``run``, ``steps``, ``tokens``, ``lr_now`` (at that step), ``flops``, ``train_loss``, and targets
      spelled ``loss``, ``loss@c4``, ``bpb@...``, ``score@...``, with ``score@..._stderr`` and ``n_items_...``;
    - of a run, repeated on its rows: ``params``, ``params_non_embedding``, ``state`` (finished, crashed, failed,
      running or deleted), ``planned_steps``, ``planned_tokens``, ``lr`` (the peak), ``batch_tokens``, ``seq_len``,
      ``resumed_from``, ``created_at`` (ISO 8601), ``label`` where several runs share a name, ``id``.

    Values that a format lacks are missing, never 0. Importers exclude no runs.
    """

    @property
    def name(self) -> str:
        """The name for ``importer=``, that of the file."""
        ...

    @property
    def reads(self) -> str:
        """The format it reads, as one phrase."""
        ...

    def recognises(self, source: str) -> bool:
        """Return whether the path or address has this format; fast, and never raises."""
        ...

    def read(self, source: str) -> RawTable:
        """Return the raw columns.

        Raises:
            BadInput: the source is empty, damaged or too large.
        """
        ...
