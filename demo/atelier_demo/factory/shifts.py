"""A simulated production day of one machine: who works when, and what the machine would log."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from atelier_demo.factory.dice import dice
from atelier_demo.factory.machines import Machine, newest_order_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

PLANT = ZoneInfo("Europe/Paris")
HOUR = 3600
DAY = 24 * HOUR
SATURDAY, SUNDAY = 5, 6
NIGHT_SHARE = 0.25

Event = tuple[int, str]
"""Seconds elapsed since the production day's midnight, and the text after the line's `|@`."""

COLOURS = {
    "PVC": ("9016 BLANC", "7016 G PVC", "CHÊNE DORÉ", "9001 CRÈME", "7016/9016 BICO"),
    "ALU": ("7016 G ALU", "9016 B ALU", "2100 SABLÉ", "9005 NOIR SABLÉ", "ANODISÉ NATUREL"),
    "HYBRIDE": ("7016 G HYB", "9016 BLANC", "GRIS ANTHRACITE", "CHÊNE IRLANDAIS"),
}
CHATTER = (
    "Alarme: E217 pression d'air insuffisante",
    "Alarme: défaut variateur axe X",
    "Alarme: E12 |@ redémarrage demandé",
    "Alarme : capot ouvert côté opérateur",
    "Défaut: barre coincée à l\u2019entrée",
    "MessageOperateur: relève d'équipe, RAS",
    "MessageOperateur: manque clé de 13; prévenir maintenance",
    "Opérateur: pièce rayée, à refaire",
    "Réglage: butée recalée à 3,2 mm",
    "OutilChange: fraise Ø8 n°2",
    "Température: 41 °C",
    "Coût_matière: 12,40 €",
    "Info: vis à œillet livrée 07:30",
    "Sauvegarde",
    "Maintenance_préventive:",
)
FREE_TEXT = ("essai réglage", "pièce de rechange", "chute récupérée", "échantillon salon", "reprise SAV")


def clock_change_at_night(day: date) -> int:
    """Say by how many seconds the plant's clocks move in the night after `day`: 0, 3600 or -3600."""
    before, after = (
        datetime.combine(noon, time(12), PLANT).utcoffset() or timedelta()
        for noon in (day, day + timedelta(days=1))
    )
    return int((after - before).total_seconds())


def works_at_night(machine: Machine, day: date, seed: int) -> bool:
    """Say whether the machine's last shift of `day` runs past midnight."""
    if clock_change_at_night(day):
        return True
    return day.weekday() < SATURDAY and dice(seed, machine.code, day, "night").random() < NIGHT_SHARE


def simulate(machine: Machine, day: date, seed: int) -> list[Event]:
    """Give everything the machine logs on a production day, in the order of time.

    Two day shifts; on Saturdays only the early one; sometimes a night shift that ends after midnight.
    """
    rng = dice(seed, machine.code, day)
    spread = rng.random() * 0.25
    shifts = [((4.9 + spread) * HOUR, 12.8 * HOUR)]
    if day.weekday() != SATURDAY:
        shifts.append(((13.0 + spread) * HOUR, (20.3 + spread) * HOUR))
    if works_at_night(machine, day, seed):
        shifts.append(((21.0 + spread) * HOUR, (27.6 + spread) * HOUR))
    events: list[Event] = []
    for start, end in shifts:
        events.extend(_shift(rng, machine, day, start, end))
    return events


def _shift(rng: Random, machine: Machine, day: date, start: float, end: float) -> Iterator[Event]:
    roll = rng.random
    now = start
    break_at = start + (0.45 + 0.1 * roll()) * (end - start)
    yield int(now), "MachineStart"
    while now < end:
        now += 15 + 40 * roll()
        yield int(now), _job(rng, machine)
        order = _order(rng, day)
        for position in range(1, 4 + int(roll() * 9)):
            luck = roll()
            if luck < 0.10:
                text, seconds = _wait(rng)
                yield int(now), text
                now += seconds
            elif luck < 0.115:
                yield int(now), "MachineStop"
                now += 60 + 600 * roll() * roll()
                yield int(now), "MachineStart"
            elif luck < 0.17:
                yield int(now), CHATTER[int(roll() * len(CHATTER))]
            now += machine.cycle_seconds * (0.6 + 0.8 * roll())
            yield int(now), _piece(rng, order, position)
        if now > break_at:
            break_at = end + DAY
            yield int(now), "MachineStop"
            now += 1200 + 600 * roll()
            yield int(now), "MachineStart"
    yield int(now + 30), "MachineStop"


def _job(rng: Random, machine: Machine) -> str:
    roll = rng.random
    colours = COLOURS.get(machine.material, COLOURS["PVC"])
    reference = 215000 + int(roll() * 400) if roll() < 0.9 else f"P{int(roll() * 90) + 10}-{machine.code}"
    length = 800 + int(roll() * 57000) / 10
    colour = f" C:{colours[int(roll() * len(colours))]}" if roll() > 0.08 else ""
    return f"JobProfiel: R:{reference} L:{length}{colour}"


def _order(rng: Random, day: date) -> str:
    """Draw an order that was entered two to eight weeks before `day`."""
    number = newest_order_number(day) - 112 - int(rng.random() * 336)
    luck = rng.random()
    return f"{number}/{'A' if luck < 0.8 else 'B'}" if luck < 0.93 else str(number)


def _piece(rng: Random, order: str, position: int) -> str:
    luck = rng.random()
    if luck < 0.90:
        return f"StukUitgevoerd: {order} pos {position}"
    if luck < 0.94:
        return f"StukUitgevoerd: cde {order} dormant gauche"
    if luck < 0.98:
        return f"StukUitgevoerd: {FREE_TEXT[int(luck * 1000) % len(FREE_TEXT)]}"
    return "StukUitgevoerd"


def _wait(rng: Random) -> tuple[str, float]:
    """Draw a wait as the machine writes it, and the seconds that it really takes."""
    luck = rng.random()
    seconds = 10 + int(90 * rng.random())
    if luck < 0.70:
        return f"MachineWait: {seconds} sec", seconds
    if luck < 0.80:
        return f"MachineWait: {seconds}.5 sec", seconds + 0.5
    if luck < 0.90:
        return f"MachineWait: {seconds},5 sec", seconds + 0.5
    if luck < 0.97:
        return f"MachineWait: {seconds}", seconds
    return ("MachineWait", 0.0) if luck < 0.985 else ("MachineWait: 0 sec", 0.0)
