/** Stretches of time as bars on a lane: a custom series, since ECharts has no Gantt chart. */

import { echarts } from "./chart.js";
import { colours, font, stateStyle, STATES } from "./theme.js";

/** Pixels; a pattern in a narrower bar only breaks it up. */
const NARROWEST_PATTERN = 9;

/**
 * Return a series of stretches.
 *
 * Each is {start, end, lane, style, label?, …}: milliseconds on the plant's wall clock, the lane's number, ECharts' style.
 * `thickness` is the share of the lane's height that a bar takes.
 */
export function stretchSeries(inOrder, { xAxisIndex = 0, yAxisIndex = 0, thickness = 0.7, ...rest }) {
    // What is lost is drawn last: a wait of a second must not vanish under what follows it.
    const stretches = [...inOrder].sort((one, other) => (one.rank ?? 0) - (other.rank ?? 0));
    return {
        type: "custom",
        xAxisIndex,
        yAxisIndex,
        clip: true,
        encode: { x: [0, 1], y: 2 },
        data: stretches.map((stretch) => ({
            value: [stretch.start, stretch.end, stretch.lane],
            stretch,
        })),
        renderItem: (context, api) => bar(context, api, stretches[context.dataIndex], thickness),
        ...rest,
    };
}

/**
 * Where there is room, bars begin and end on whole pixels and none is narrower than one: a stop of a few seconds in a day
 * of hours must not vanish. Where a pixel is minutes, that would make the day look lost: there they stay as they are.
 */
function acrossPixels(startX, endX, pixelsPerMinute) {
    if (pixelsPerMinute < 0.5) {
        return { x: startX, width: endX - startX };
    }
    const x = Math.round(startX);
    return { x, width: Math.max(Math.round(endX) - x, 1) };
}

function bar(context, api, stretch, thickness) {
    const [startX, y] = api.coord([api.value(0), api.value(2)]);
    const [endX] = api.coord([api.value(1), api.value(2)]);
    const height = api.size([0, 1])[1] * thickness;
    const area = context.coordSys;
    const shape = echarts.graphic.clipRectByRect(
        { ...acrossPixels(startX, endX, api.size([60_000, 0])[0]), y: y - height / 2, height },
        { x: area.x, y: area.y, width: area.width, height: area.height },
    );
    if (!shape) {
        return null;
    }
    const { color, borderColor, borderWidth, decal } = stretch.style;
    const hasPattern = decal && shape.width >= NARROWEST_PATTERN;
    const style = {
        fill: color,
        stroke: borderColor,
        lineWidth: borderWidth,
        decal: hasPattern ? { ...decal } : null,
    };
    const rectangle = { type: "rect", shape, style, transition: [] };
    const { label } = stretch;
    if (!label || shape.width < label.length * font.size * 0.55 + 8) {
        return rectangle;
    }
    return {
        type: "group",
        children: [
            rectangle,
            {
                type: "text",
                silent: true,
                style: {
                    x: shape.x + 5,
                    y: shape.y + shape.height / 2,
                    text: label,
                    fill: colours.ink,
                    font: `500 ${font.small}px ${font.family}`,
                    textVerticalAlign: "middle",
                },
            },
        ],
    };
}

/** The stretches of states of one lane, from rows of the API. */
export function stateStretches(rows, lane, toAxis) {
    return rows.map((row) => ({
        start: toAxis(row.started_at),
        end: toAxis(row.ended_at),
        lane,
        style: stateStyle(row.state),
        rank: STATES.indexOf(row.state),
        row,
    }));
}
