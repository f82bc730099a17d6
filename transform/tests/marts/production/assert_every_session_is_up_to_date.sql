-- The facts are computed session by session, and only what has changed. This compares the result with what the files
-- ask for: a session that is missing, left over, or computed from older files would go unnoticed otherwise.
select
    inputs.session_id as wanted_session_id,
    sessions.session_id as held_session_id,
    inputs.input_digest as wanted_digest,
    sessions.input_digest as held_digest
from {{ ref('int_session_inputs') }} as inputs
full outer join {{ ref('fct_sessions') }} as sessions on inputs.session_id = sessions.session_id
where
    inputs.input_digest is null
    or sessions.input_digest is null
    or inputs.input_digest <> sessions.input_digest
