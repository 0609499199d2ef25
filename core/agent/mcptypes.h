// SPDX-License-Identifier: MIT
#pragma once

#include <QJsonObject>
#include <QJsonValue>
#include <QList>
#include <QMetaType>
#include <QString>

namespace pilotlight {

//! MCP has two ways of talking, and a server may know one or both (docs/protocol.md).
enum class McpEra
{
    Auto, //!< find out with the first request
    Handshake, //!< revisions up to 2025-11-25: initialize, ping, sessions over HTTP
    Stateless, //!< revision 2026-07-28: none of these; every request says its version
};

//! A tool as its server describes it. Titles and hints are the server's own claims.
struct McpTool
{
    QString name; //!< what a call names
    QString title; //!< for people; empty where the server gives none
    QString description;
    QJsonObject inputSchema; //!< JSON Schema of the arguments
    bool readOnlyHint = false; //!< the server says that it changes nothing
};

//! A page of a server's tools.
struct McpToolPage
{
    QList<McpTool> tools;
    QString nextCursor; //!< pass it on to go further; empty at the end
};

//! One part of what a tool returned.
struct McpContent
{
    enum class Kind
    {
        Text,
        Image, //!< only its type and size are kept
        Audio, //!< only its type and size are kept
        Resource, //!< embedded; text where it is one
        Link,
        Other, //!< of a kind that we do not know; text holds its JSON
    };
    Kind kind = Kind::Text;
    QString text;
    QString mimeType;
    QString uri; //!< of Resource and Link
    qint64 bytes = 0; //!< of Image, Audio and binary resources: their decoded size
};

//! What a tool call came to. A tool that fails says so with isError; only a call that could not be
//! made at all is an Error.
struct McpToolResult
{
    QList<McpContent> content;
    QJsonValue structured; //!< Undefined where the tool gives none
    bool isError = false;

    //! The text parts, one below the other.
    QString text() const;
};

} // namespace pilotlight

Q_DECLARE_METATYPE(pilotlight::McpTool)
