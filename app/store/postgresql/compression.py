"""How PostgreSQL compresses long entries of the full-text indexes."""

COMPRESS_WITH_LZ4 = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)) THEN
        EXECUTE 'ALTER TABLE search_index ALTER content SET COMPRESSION lz4, ALTER words SET COMPRESSION lz4';
        EXECUTE 'ALTER TABLE speaker_index ALTER content SET COMPRESSION lz4, ALTER words SET COMPRESSION lz4';
    END IF;
END $$;
"""
"""Not every server can (version 14, built with it). What is there already stays as it is until it is written again. Those that cannot need not understand the
statements either: EXECUTE."""
