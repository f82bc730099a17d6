-- Indexes that the ERP's tables should have, for the people and programs that query the ERP itself. What each of them
-- does to which query, what it costs and how to remove it: ERP_INDEXES.md beside this file.
--
--     mysql --user=... --password db_commandes < extract/erp_indexes.sql
--
-- For MySQL 5.7 to 8.4 and MariaDB 10 and 11, by a user with the privileges ALTER, INDEX and INSERT on the tables. Run
-- again, it changes nothing: an index is added only where none begins with its column, under whatever name. MySQL has no
-- "create index if not exists", so each statement is made by a query of the catalogue and then executed.
--
-- Reading and writing go on meanwhile (algorithm = inplace, lock = none). Only at its start and its end an ALTER waits
-- for transactions that use the table, and all that come later wait behind it: after ten seconds it gives up instead.
set session lock_wait_timeout = 10;

-- An order by its number: the unique key begins with the type of order and cannot find a number alone.
set @add_index = (
    select if(
        count(*) = 0,
        'alter table a_kopf add index a_kopf_aunummer (aunummer), algorithm = inplace, lock = none',
        'do 0'
    )
    from information_schema.statistics
    where table_schema = database() and table_name = 'a_kopf' and column_name = 'aunummer' and seq_in_index = 1
        and index_type = 'BTREE'
);
prepare add_index from @add_index;
execute add_index;
deallocate prepare add_index;

-- Orders by status, and how many there are of each.
set @add_index = (
    select if(
        count(*) = 0,
        'alter table a_kopf add index a_kopf_aufstatus (aufstatus), algorithm = inplace, lock = none',
        'do 0'
    )
    from information_schema.statistics
    where table_schema = database() and table_name = 'a_kopf' and column_name = 'aufstatus' and seq_in_index = 1
        and index_type = 'BTREE'
);
prepare add_index from @add_index;
execute add_index;
deallocate prepare add_index;

-- Accessories by the prefix of their code.
set @add_index = (
    select if(
        count(*) = 0,
        'alter table p_zubeh add index p_zubeh_zcode (zcode), algorithm = inplace, lock = none',
        'do 0'
    )
    from information_schema.statistics
    where table_schema = database() and table_name = 'p_zubeh' and column_name = 'zcode' and seq_in_index = 1
        and index_type = 'BTREE'
);
prepare add_index from @add_index;
execute add_index;
deallocate prepare add_index;

-- Journal entries by how their note begins. 40 characters tell the notes apart; in utf8mb4 they take 160 bytes of the 767
-- that an index of an old row format may have.
set @add_index = (
    select if(
        count(*) = 0,
        'alter table a_logbuch add index a_logbuch_notiz (notiz(40)), algorithm = inplace, lock = none',
        'do 0'
    )
    from information_schema.statistics
    where table_schema = database() and table_name = 'a_logbuch' and column_name = 'notiz' and seq_in_index = 1
        and index_type = 'BTREE'
);
prepare add_index from @add_index;
execute add_index;
deallocate prepare add_index;

set session lock_wait_timeout = default;
