-- A cycle is the productive time since the piece before, so the cycles of a session add up to its productive seconds.
-- Sessions are left out in which wall-clock order runs against the instants (a clock not put forward in spring): their
-- negative cycles are cut to 0.
with

pieces as (

    select
        *,
        lag(produced_at) over (partition by session_id order by piece_number) as previous_produced_at
    from {{ ref('fct_pieces') }}

),

cycle_totals as (

    select
        session_id,
        sum(cycle_seconds) as cycle_seconds,
        count(*) filter (where produced_at < previous_produced_at) as backward_count
    from pieces
    group by session_id

)

select
    sessions.session_id,
    sessions.productive_seconds,
    cycle_totals.cycle_seconds
from {{ ref('fct_sessions') }} as sessions
inner join cycle_totals on sessions.session_id = cycle_totals.session_id
where
    cycle_totals.backward_count = 0
    and coalesce(cycle_totals.cycle_seconds, 0) <> sessions.productive_seconds
