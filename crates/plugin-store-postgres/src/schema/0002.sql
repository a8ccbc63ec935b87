-- Events leave only when a change set prunes them: its transaction says in `one.prune` up to which
-- number, and where it does not, or no longer does, none can be deleted.
CREATE POLICY here_prune ON @events FOR DELETE USING (
    place = decode(nullif(current_setting('one.place', true), ''), 'hex')
    AND seq <= nullif(current_setting('one.prune', true), '')::bigint
);
