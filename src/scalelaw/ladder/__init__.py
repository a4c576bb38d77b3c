"""Ladders: series of small runs, designed for fitting a law that extrapolates."""

from scalelaw.ladder.check import check_ladder as check_ladder
from scalelaw.ladder.coordinates import CoordinateCheck as CoordinateCheck
from scalelaw.ladder.coordinates import coordinate_check as coordinate_check
from scalelaw.ladder.data import Data as Data
from scalelaw.ladder.dry_run import DryRun as DryRun
from scalelaw.ladder.grid import Grid as Grid
from scalelaw.ladder.grid import Rung as Rung
from scalelaw.ladder.ladder import Intent as Intent
from scalelaw.ladder.ladder import Ladder as Ladder
from scalelaw.ladder.recipe import Hyperparameters as Hyperparameters
from scalelaw.ladder.recipe import Recipe as Recipe
from scalelaw.ladder.recipes import RECIPES as RECIPES
from scalelaw.ladder.recipes import list_recipes as list_recipes
from scalelaw.ladder.recipes import recipe as recipe
from scalelaw.ladder.shapes import Shapes as Shapes
from scalelaw.ladder.trunk import Branch as Branch
from scalelaw.ladder.trunk import Trunk as Trunk
from scalelaw.ladder.trunk import trunk as trunk
