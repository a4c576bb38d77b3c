"""What an importer is: it recognises a path or address, and reads it into raw columns."""

from typing import Protocol, runtime_checkable

from scalelaw.runs.raw import RawTable


@runtime_checkable
class Importer(Protocol):
    """Reads one format; ``scalelaw.testing.importer_checks`` says what that must hold to.

    The table it gives is long, one row an evaluation, in the order of the log. Columns carry conventional names where
    the format says what they are, and their own name otherwise:

    - of a row: ``run``, ``steps``, ``tokens``, ``lr_now`` (at that step), ``flops``, ``train_loss``, and targets
      spelled ``loss``, ``loss@c4``, ``bpb@...``, ``score@...``, with ``score@..._stderr`` and ``n_items_...`` beside;
    - of a run, repeated on its rows: ``params``, ``params_non_embedding``, ``state`` (finished, crashed, failed,
      running or deleted), ``planned_steps``, ``planned_tokens``, ``lr`` (the peak), ``batch_tokens``, ``seq_len``,
      ``resumed_from``, ``created_at`` (ISO 8601), ``label`` where several runs share a name, ``id``.

    What a format does not say is missing, never 0. Which runs are then set aside is not an importer's business.
    """

    @property
    def name(self) -> str:
        """The name ``importer=`` takes, that of the file."""
        ...

    @property
    def reads(self) -> str:
        """What it reads, as one phrase."""
        ...

    def recognises(self, source: str) -> bool:
        """Return whether the path or address is of this format; cheap, and never an error."""
        ...

    def read(self, source: str) -> RawTable:
        """Return the raw columns.

        Raises:
            BadInput: the source is empty, damaged or too large.
        """
        ...
