"""The tables of the database, as SQL."""

from typing import Final

TABLES: Final = """
-- Lists are JSON. `rank` orders a table's rows: a row that is put between two others gets a
-- rank between theirs. `shared` marks what the partner has rights on.

CREATE TABLE labels (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rank REAL NOT NULL, name TEXT NOT NULL,
    shared INTEGER NOT NULL
);
CREATE INDEX labels_rank ON labels (rank, id);

CREATE TABLE artists (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rank REAL NOT NULL, name TEXT NOT NULL,
    shared INTEGER NOT NULL
);
CREATE INDEX artists_rank ON artists (rank, id);

CREATE TABLE albums (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rank REAL NOT NULL, icpn TEXT, title TEXT NOT NULL,
    genres TEXT NOT NULL, released_at TEXT, cover TEXT, label_id INTEGER, shared INTEGER NOT NULL
);
CREATE INDEX albums_rank ON albums (rank, id);
CREATE INDEX albums_label ON albums (label_id);

CREATE TABLE credits (
    album_id INTEGER NOT NULL, place INTEGER NOT NULL, artist_id INTEGER NOT NULL,
    PRIMARY KEY (album_id, place)
) WITHOUT ROWID;
CREATE INDEX credits_artist ON credits (artist_id);

CREATE TABLE tracks (
    id INTEGER PRIMARY KEY, album_id INTEGER NOT NULL, disc_number INTEGER NOT NULL,
    track_number INTEGER NOT NULL, isrc TEXT, title TEXT NOT NULL, seconds INTEGER NOT NULL,
    genres TEXT NOT NULL, explicit INTEGER NOT NULL, stream TEXT, territory_list INTEGER NOT NULL
);
CREATE INDEX tracks_album ON tracks (album_id, disc_number, track_number);

CREATE TABLE distributors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE stations (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE users (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, station_id INTEGER NOT NULL
);

-- `label` and `album` are [id, name] as they were on the day, `artists` a list of such pairs.
CREATE TABLE listenings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rank REAL NOT NULL, day TEXT NOT NULL,
    station_id INTEGER NOT NULL, user_id INTEGER NOT NULL, track_id INTEGER NOT NULL,
    track_isrc TEXT, three_seconds INTEGER NOT NULL, thirty_seconds INTEGER NOT NULL,
    fifty_percents INTEGER NOT NULL, ninety_five_percents INTEGER NOT NULL,
    distributor_id INTEGER NOT NULL, label TEXT, album TEXT NOT NULL, artists TEXT NOT NULL
);
CREATE INDEX listenings_day ON listenings (station_id, day, rank, id);
CREATE INDEX listenings_rank ON listenings (rank);

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rank REAL NOT NULL, day TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, finished_at TEXT NOT NULL,
    type TEXT NOT NULL, album_id INTEGER NOT NULL
);
CREATE INDEX deliveries_day ON deliveries (day, rank, id);
CREATE INDEX deliveries_rank ON deliveries (rank);

CREATE TABLE tokens (token TEXT PRIMARY KEY, username TEXT NOT NULL) WITHOUT ROWID;
"""
