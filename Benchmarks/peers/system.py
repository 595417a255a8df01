"""What the driver asks of each system."""
import dataclasses


@dataclasses.dataclass
class Measured:
    """A phase: how long it took, and the highest memory during it."""

    seconds: float
    peak_mib: float


class System:
    """One system in one round: it begins in an empty directory and is thrown away afterwards.

    The driver calls start, load, settle, disk, rebuild, answers, queries and stop, in this order;
    disk to answers, or queries, may be left out. A further measurement is one more method of each
    system, and one more call and column of the driver.
    """

    # The texts of the table: the name, what is unlike another row of that name, what is stored of
    # an event, what becomes of an event that comes twice or late, what an acknowledged write
    # survives, and how the rebuild differs from the others'.
    name = variant = keeps = duplicates = durable = rebuilt = ""
    # Whether the answers leave out events that came twice.
    dedups = True
    # By how much a percentile may be off, relative to the exact one. None: it is not compared.
    p95_bound = {"by_device": 0.0, "by_site": 0.0, "by_minute": 0.0}

    # The numbers that a KPI's cells lack.
    omits = {}

    # By how much a number of different values may be off, relative to the exact one.
    distinct_bound = 0.0

    # The questions that the system cannot answer, and those it answers with a reserve; with a text.
    lacks = {}
    reserves = {}

    def __init__(self, workload, directory, options):
        self.workload = workload
        self.directory = directory
        self.options = options

    @classmethod
    def prepare(cls, workload):
        """Converts the file once, for systems that do not read it; gives the seconds, or None."""
        return None

    @classmethod
    def version(cls, options):
        raise NotImplementedError

    def start(self):
        """Starts a server, or makes what the load needs."""

    def load(self):
        """From the file to durable and ready for queries."""
        raise NotImplementedError

    def settle(self):
        """Merges what the load has left unmerged; gives the seconds, or None if there is no such
        step to be called."""
        return None

    def disk(self):
        """Bytes on disk, settled."""
        raise NotImplementedError

    def rebuild(self):
        """All cells of workload.KPIS computed from what is stored, and kept."""
        raise NotImplementedError

    def answers(self):
        """The cells: for each KPI a dictionary from (group, second of the start) to
        workload.Cell; None stands for what the system has not computed."""
        raise NotImplementedError

    def queries(self):
        """Each of questions.TITLES, and FOUND, asked again and again: by name the median and the
        rows, as questions.Asked. A name with COLUMNS after it is the same from columns."""
        raise NotImplementedError

    def stop(self):
        """Stops what start has started; called whatever happened."""
