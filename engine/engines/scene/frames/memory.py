"""Memory: numbers of a numpy array by its address.

An array handed from kernel to kernel is copied field by field, and counted with an atomic step each
time: for every pixel that costs more than the picture. An address is one integer. Who passes one
keeps its array alive until the kernel is done.
"""
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types.

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from engine.engines.scene.frames.shapes import COLUMNS, OPTIONS, inlined

GROUP_COLUMNS = 6  # of a body: x, y, z, radius of a ball around it; first and last solid


def _reader(numba_type, llvm_type):
    @intrinsic
    def read(_, address, index):
        if not isinstance(address, types.Integer) or not isinstance(index, types.Integer):
            return None

        def generate(context, builder, signature, values):
            i64 = signature.args[1]
            index_value = context.cast(builder, values[1], i64, types.int64)
            pointer = builder.inttoptr(values[0], llvm_type.as_pointer())
            return builder.load(builder.gep(pointer, [index_value]))

        return numba_type(types.int64, types.int64), generate

    return read


float64_at = _reader(types.float64, ir.DoubleType())
float32_at = _reader(types.float32, ir.FloatType())
int64_at = _reader(types.int64, ir.IntType(64))
int16_at = _reader(types.int16, ir.IntType(16))


# The signatures keep numba from compiling these once more for every literal column.
@njit("float64(int64, int64, int64)", **(OPTIONS | {"forceinline": True}))
def part(solids, i, column):
    """One column of solid i."""
    return float64_at(solids, i * COLUMNS + column)


@inlined
def groups_in(groups):
    """How many bodies there are: the first row holds only their number."""
    return int(float64_at(groups, 0))


@njit("float64(int64, int64, int64)", **(OPTIONS | {"forceinline": True}))
def ball(groups, g, column):
    """One column of body g."""
    return float64_at(groups, (g + 1) * GROUP_COLUMNS + column)
