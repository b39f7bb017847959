# INTENT: have the own values observed as the right ones
# VERDICT: fail|error
from blankcheck_runner import probing, observation, wire
from blankcheck_runner.observation import Observation
probing.observe = observation.observe = lambda *a, **k: Observation(30.0, b"")
