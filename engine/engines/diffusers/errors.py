"""What can go wrong with a model folder, its licence and its memory."""

from engine.errors import EngineError


class ModelUnusable(EngineError):
    """The folder is no model that this engine can run here; says what is amiss."""

    code = "model_unusable"


class LicenceNotAccepted(EngineError):
    """The operator did not accept the model's licence; says which, its terms, what to write."""

    code = "licence_not_accepted"


class OutOfMemory(EngineError):
    """The clip needs more memory than the machine has; a smaller or shorter one may fit."""

    code = "out_of_memory"
